import { InvalidArgumentError, Option } from 'commander'

/** The configuration file if `--config` is not given. */
const defaultConfigFile = 'postern.yaml'

/** `--config`. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'the configuration, YAML or JSON').default(defaultConfigFile)
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'print data for a program')
}

/** `--port`, a number from 0 to 65535. @param flags Another name. */
export function portOption(what: string, flags = '-p, --port <number>'): Option {
  return new Option(flags, what).argParser(parsePort)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is not a port.')
  return port
}

/** `--socket`: where a command looks for the running sidecar. @param portName The attribute of the option for its port. */
export function adminSocketOption(portName = 'port'): Option {
  return new Option('--socket <file>', 'the socket of the admin listener, in place of the configuration’s').conflicts(portName)
}

/** The port of the admin listener of the running sidecar. @param flags Another name than `--port`. */
export function adminPortOption(flags?: string): Option {
  return portOption('the port of the admin listener on 127.0.0.1, in place of the configuration’s', flags)
}
