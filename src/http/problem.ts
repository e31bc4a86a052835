import { problemKinds, type ProblemSlug } from './problem-kinds.ts'
import type { AddressOf } from './public-address.ts'

export type HeaderValues = Readonly<Record<string, string | number | undefined>>

interface ProblemOptions {
  /** Members beyond those of RFC 9457, such as `errors`, as the contract describes them. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: HeaderValues
  /** For the log only; never shown to the client. */
  readonly cause?: unknown
}

/** A failure that the client is to see. Throw it; the error handler sends it as application/problem+json. */
export class Problem extends Error {
  readonly slug: ProblemSlug
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>
  readonly headers: HeaderValues

  /** `detail` is shown to the client: a sentence without secrets, SQL or file paths. */
  constructor(slug: ProblemSlug, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.slug = slug
    this.status = problemKinds[slug].status
    this.members = options.members ?? {}
    this.headers = options.headers ?? {}
  }

  /** The problem that the client gets for an error: 503 if `isOutage` recognizes a database outage, otherwise 500. */
  static from(error: unknown, isOutage: (error: unknown) => boolean): Problem {
    if (error instanceof Problem) return error
    if (isOutage(error)) return unavailable('The server cannot reach its database right now.', error)
    const detail = 'Something went wrong on the server. Quote the request id when you report it.'
    return new Problem('internal-error', detail, { cause: error })
  }

  /** The document of RFC 9457 §3. `instance` names the occurrence by its request id, never by the address. */
  toDocument(requestId: string, addressOf: AddressOf): Record<string, unknown> {
    const type = problemType(this.slug, addressOf)
    const { title } = problemKinds[this.slug]
    const standard = { type, title, status: this.status, detail: this.message }
    return { ...standard, instance: `${type}#${requestId}`, request_id: requestId, ...this.members }
  }
}

/** The address of the page that explains this kind of problem (RFC 9457 §3.1.1). */
export function problemType(slug: string, addressOf: AddressOf): string {
  return addressOf(`/problems/${slug}`)
}

export function unavailable(detail: string, cause?: unknown): Problem {
  return new Problem('unavailable', detail, { headers: { 'Retry-After': 2 }, cause })
}

/** One entry in the `errors` of a 422, the contract's FieldError. */
export interface FieldError {
  readonly loc: readonly string[]
  readonly pointer: string
  /** The error in words: the rule, and what is allowed. */
  readonly msg: string
  readonly type: string
  /** What is allowed: values, or names of fields. */
  readonly allowed?: readonly string[]
  /** The allowed value or name that is most like the one that was sent. */
  readonly nearest?: string
  /** The bound that was broken. */
  readonly limit?: number
  /** A text that would be allowed. */
  readonly example?: string
  /** The message without what is allowed, for a reply that would become too large. It is not sent otherwise. */
  readonly short?: string
  /** What of the caller's own note the request may have meant. Never logged. */
  readonly candidates?: readonly unknown[]
}

export const MAX_FIELD_ERRORS = 20
/** What remains of 8 KiB beside the other members of the problem. */
const MAX_ERRORS_BYTES = 7 * 1024

/** The 422 with these errors. Its detail repeats the first of them. */
export function validationFailed(found: readonly FieldError[]): Problem {
  const errors = withinBytes(found.slice(0, MAX_FIELD_ERRORS))
  const details = errors.slice(0, 1).map(({ loc, pointer, msg }) => `${placeOf(loc, pointer)}: ${msg}`)
  const others = found.length - 1
  if (found.length > MAX_FIELD_ERRORS) details.push(`There are more than ${MAX_FIELD_ERRORS} errors.`)
  else if (others > 0) details.push(`There ${others === 1 ? 'is 1 more error' : `are ${others} more errors`}.`)
  return new Problem('validation-failed', details.join(' '), { members: { errors } })
}

/** `/title in the body`, `limit in the query`, or the body as a whole. */
function placeOf([part = 'body', ...names]: readonly string[], pointer: string): string {
  if (names.length === 0) return `The ${part}`
  const name = part === 'body' ? pointer : names.join('/')
  // The name of a field may hold any character, and a detail no control character.
  return `${name.replaceAll(/\p{Cc}/gu, '\uFFFD')} in the ${part}`
}

/** The errors as they are sent. Those that would make the reply too large say less. */
function withinBytes(found: readonly FieldError[]): FieldError[] {
  const both = found.map(({ loc, pointer, msg, type, short = msg, ...more }) => {
    return { full: { loc, pointer, msg, type, ...more }, brief: { loc, pointer, msg: short, type } }
  })
  let spare = MAX_ERRORS_BYTES - bytesOf(both.map(({ brief }) => brief))
  return both.map(({ full, brief }) => {
    const more = bytesOf(full) - bytesOf(brief)
    if (more > spare) return brief
    spare -= more
    return full
  })
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
