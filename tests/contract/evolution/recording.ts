import { type Json, isObject } from '../../../src/contract/document/document.ts'

/** What a client of a released contract sent and received, as data, so that it outlives the code that made it. */
export interface Recording {
  readonly contract: string
  readonly stories: readonly Story[]
}

/** Requests that depend on each other only, beginning with their own account. */
export interface Story {
  readonly operation: string
  readonly steps: readonly Step[]
}

/** `send`, `headers` and `body` may contain references; see `fillIn`. */
export interface Step {
  readonly operation: string
  /** Method and path, with the query. */
  readonly send: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly status: number
}

/** The parts of a reply that later requests may refer to. */
export interface Received {
  readonly headers: Headers
  readonly body: Json | undefined
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The text of a story, with numbers in place of ids that a client made up. Stories with equal texts are the same. */
export function essenceOf(story: Story): string {
  const ids = new Map<string, string>()
  return JSON.stringify(story).replace(UUID, (id) => {
    const name = ids.get(id) ?? `id ${ids.size}`
    ids.set(id, name)
    return name
  })
}

/** A JSON pointer into a body, or the name of a header, of an earlier step: `{{2:/access_token}}`, `{{5:etag}}`. */
const REFERENCE = /\{\{(\d+):([^}]+)\}\}/g
/** A repeated character, so that a text of a megabyte takes a few bytes: `{{a*1048576}}`. */
const REPETITION = /\{\{(.)\*(\d+)\}\}/g
const LONG_RUN = /([a-z])\1{99,}/g

/** Fills in the values of the replies to earlier steps in this run. */
export function fillIn(text: string, earlier: readonly Received[]): string {
  return text
    .replace(
      REFERENCE,
      (_, step: string, place: string) => valueAt(earlier[Number(step)], place) ?? failOn(step, place),
    )
    .replace(REPETITION, (_, character: string, times: string) => character.repeat(Number(times)))
}

export function shortenRuns(text: string): string {
  return text.replace(LONG_RUN, (run, character: string) => `{{${character}*${run.length}}}`)
}

export function valueAt(received: Received | undefined, place: string): string | undefined {
  if (received === undefined) return undefined
  if (!place.startsWith('/')) {
    const value = received.headers.get(place) ?? undefined
    return place === 'link' ? /^<([^>]+)>/.exec(value ?? '')?.[1] : value
  }
  const found = place
    .slice(1)
    .split('/')
    .reduce<Json | undefined>(
      (value, key) => (Array.isArray(value) ? value[Number(key)] : isObject(value) ? value[key] : undefined),
      received.body,
    )
  return typeof found === 'string' ? found : undefined
}

function failOn(step: string, place: string): never {
  throw new Error(`step ${step} has no ${place} any more, which a later request needs`)
}

/** One step per line, so that the diff of a release is readable. */
export function writeRecording({ contract, stories }: Recording): string {
  const entries = stories.map(({ operation, steps }) => {
    const lines = steps.map((step) => `      ${JSON.stringify(step)}`)
    return `    { "operation": "${operation}", "steps": [\n${lines.join(',\n')}\n    ] }`
  })
  return `{\n  "contract": "${contract}",\n  "stories": [\n${entries.join(',\n')}\n  ]\n}\n`
}
