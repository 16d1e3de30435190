/** A person that a visitor of the demo page can be. */
export interface DemoPerson {
  readonly id: string
  readonly name: string
  readonly team: string
  readonly note: string
}

export const demoPeople: readonly DemoPerson[] = [
  { id: 'ada', name: 'Ada', team: 'acme', note: 'uses the key acme' },
  { id: 'gus', name: 'Gus', team: 'globex', note: 'uses the key globex' },
  { id: 'uma', name: 'Uma', team: 'nowhere', note: 'has no key and is refused' },
]
