/** Where a request belongs in a distributed trace. */
export interface TraceContext {
  readonly trace_id: string
  /** The span of the caller. */
  readonly parent_id: string
}

const FORM = /^(?<version>[\da-f]{2})-(?<trace>[\da-f]{32})-(?<parent>[\da-f]{16})-[\da-f]{2}(?<rest>-.*)?$/

/**
 * Reads the header `traceparent` (W3C Trace Context §3.2). undefined for one that is invalid, which has to be ignored;
 * that of a later version is read as far as version 00 goes.
 */
export function readTraceparent(header: string | readonly string[] | undefined): TraceContext | undefined {
  const { version, trace = '', parent = '', rest } = FORM.exec(String(header ?? ''))?.groups ?? {}
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(trace) || /^0+$/.test(parent)) return undefined
  return { trace_id: trace, parent_id: parent }
}
