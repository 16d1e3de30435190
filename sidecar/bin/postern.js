#!/usr/bin/env node
import { entryPoint } from './bundle.js'

const { main } = await import(entryPoint())

process.exitCode = await main(process.argv.slice(2))
