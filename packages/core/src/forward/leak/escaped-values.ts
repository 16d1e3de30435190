import { backslash } from './escape-readings.js'

/** Stands for an escaped character that no key holds. It takes the character's place, so that the text around it is not joined. */
export const nothing = 0

/** `\/`, `\"` and `\\` mean their second character; other short escapes mean control characters, which no key holds. */
export function short(byte: number): number {
  return byte === 0x2f || byte === 0x22 || byte === backslash ? byte : nothing
}

/** The value of hexadecimal digits; negative if a byte is not a digit. */
export function readHex(text: Buffer, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index += 1) value = value * 16 + (digits[text[index] as number] as number)
  return value
}

/** The value of each hexadecimal digit; for any other byte a number so low that every sum with it is negative. */
const digits = new Int32Array(256).fill(-0x10_0000)
for (let digit = 0; digit < 16; digit += 1) {
  digits[digit.toString(16).charCodeAt(0)] = digit
  digits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}
