/** What a server of the suite was started with, as far as its answers depend on it. */
export interface ServerTraits {
  /** What a file calls its server, where a judge asks for that one; otherwise empty. */
  readonly name: string
  /** Servers with one name here have one database. */
  readonly database: string
  /** Handlers of a test's own stand in for ours, so its answers say nothing about ours. */
  readonly isOverridden: boolean
  /** A test changes rows behind its back, so that one answer need not agree with the next. */
  readonly isRewritten: boolean
  readonly settings: ServerSettings
}

export interface ServerSettings {
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly historyVersions: number
  readonly trashDays: number
}

export interface RecordedServer extends ServerTraits {
  readonly id: string
  /** It may be killed before it has written what it answered. */
  readonly isProcess: boolean
}

/** What a server logged as the cause of a failure. */
export interface LoggedCause {
  readonly server: string
  readonly requestId: string
  readonly texts: readonly string[]
}

/** The telling texts of a line of the log, if it tells of a failed request. */
export function causeIn(line: string, server: string): LoggedCause | undefined {
  if (!line.includes('"err":')) return undefined
  const { request_id: requestId, err } = JSON.parse(line) as { request_id?: string; err?: unknown }
  return requestId === undefined ? undefined : { server, requestId, texts: textsOf(err) }
}

/** Messages, constraints and frames of the stack, down the chain of causes. Codes are looked for by their form. */
function textsOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return []
  const { message, constraint, stack, cause } = error as Record<string, unknown>
  const frames = typeof stack === 'string' ? stack.split('\n').map((line) => line.trim()) : []
  return [message, constraint, ...frames, ...textsOf(cause)].filter(
    (text): text is string => typeof text === 'string' && text.length > 3,
  )
}
