import { type Browser, chromium } from 'playwright-core'

/** Starts Debian's Chromium, without the network traffic that it causes by itself. @param further Further arguments. */
export function launchChromium(executablePath: string, further: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...further,
    ],
  })
}
