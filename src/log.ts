import pino, { type Logger } from 'pino'
import { prettyFactory, type PrettyOptions } from 'pino-pretty'
import { LogOutput } from './log-output.ts'

interface LogOptions {
  readonly level: string
  readonly format: 'auto' | 'pretty' | 'json'
  /** The number of this process among the workers of a server. */
  readonly worker?: number | undefined
}

/** The log of the process, on standard output. Every field is chosen explicitly, so that no secret slips in. */
export function createLog({ level, format, worker }: LogOptions): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  // The server keeps serving when the reader of its output goes away (`npm start | head`) or stands still.
  const output = new LogOutput(isPretty ? prettyFactory(readable) : (line) => line)
  const base = worker === undefined ? null : { worker }
  return pino({ level, base, serializers: isPretty ? { err: describeError } : serializers }, output)
}

/**
 * In JSON, which is kept, a line has no address: a person may have pasted a secret into it by mistake. In a terminal a
 * developer needs it to see what was wrong.
 */
export const serializers = { err: describeError, path: (): undefined => undefined }

const inMessage = ['request_id', 'operation', 'method', 'path', 'status', 'duration_ms', 'aborted']
/** One line for each request, and for everything else that is no error with its stack. */
const readable: PrettyOptions = {
  singleLine: true,
  ignore: ['pid', 'hostname', ...inMessage].join(','),
  translateTime: 'SYS:HH:MM:ss.l',
  messageFormat: (line, messageKey) => describeLine(line, String(line[messageKey])),
}

function describeLine(line: Record<string, unknown>, message: string): string {
  const ids = told(line['operation'], line['request_id'])
  if (line['method'] === undefined) return ids === '' ? message : `${message} (${ids})`
  const { method, path, status = '---', duration_ms: duration } = line
  return told(method, path, status, duration, 'ms', `(${ids})`, line['aborted'] === true ? message : undefined)
}

function told(...parts: unknown[]): string {
  return parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(' ')
}

/**
 * An error as the log shows it. PostgreSQL's messages about data (SQLSTATE classes 22 and 23) and its `detail` quote
 * user data, so for those we keep only code and constraint.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error ? error.code : undefined
  const constraint = 'constraint' in error ? error.constraint : undefined
  const aboutData = typeof code === 'string' && /^2[23]/.test(code)
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '))
  return {
    type: error.name,
    message: aboutData ? 'PostgreSQL refused the data' : error.message,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    stack: frames?.join('\n'),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}
