import pino, { type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { LogOutput } from './log-output.ts'

interface LogOptions {
  readonly level: string
  readonly format: 'auto' | 'pretty' | 'json'
}

/** The log of the process, on standard output. Every field is chosen explicitly, so that no secret slips in. */
export function createLog({ level, format }: LogOptions): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  const prettify = prettyFactory({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
  // The server keeps serving when the reader of its output goes away (`npm start | head`) or stands still.
  const output = new LogOutput(isPretty ? prettify : (line) => line)
  return pino({ level, base: null, serializers: { err: describeError } }, output)
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
