import type { EmulatedGateway } from './emulated-gateway.js'

/** For each gateway, a model that it accepts. */
export const USUAL_MODELS: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'auto',
  opentoken: 'google/gemini-3-flash',
  freeai: 'auto',
  onysoft: 'openai/gpt-4o-mini',
  mintoken: 'gpt-4o-mini',
}
