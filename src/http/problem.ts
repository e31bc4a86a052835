import { problemKinds, type ProblemSlug } from './problem-kinds.ts'

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
  toDocument(requestId: string): Record<string, unknown> {
    const type = `/problems/${this.slug}`
    const { title } = problemKinds[this.slug]
    const standard = { type, title, status: this.status, detail: this.message }
    return { ...standard, instance: `${type}#${requestId}`, request_id: requestId, ...this.members }
  }
}

export function unavailable(detail: string, cause?: unknown): Problem {
  return new Problem('unavailable', detail, { headers: { 'Retry-After': 2 }, cause })
}

/** One entry in the `errors` of a 422, the contract's FieldError. */
export interface FieldError {
  readonly loc: readonly string[]
  readonly pointer: string
  readonly msg: string
  readonly type: string
  /** What of the caller's own note the request may have meant. Never logged. */
  readonly candidates?: readonly unknown[]
}

const MAX_FIELD_ERRORS = 20

export function validationFailed(found: readonly FieldError[]): Problem {
  const count = found.length === 1 ? '1 place' : `${found.length} places`
  const errors = found.slice(0, MAX_FIELD_ERRORS)
  return new Problem('validation-failed', `The request breaks the contract in ${count}.`, { members: { errors } })
}
