import { parseEnv } from 'node:util'
import { StartupError } from '../startup-error.ts'

/** The bytes of a `.env` file as text, with line feeds. Windows editors may write UTF-16 or a byte order mark. */
export function decodeEnvFile(bytes: Uint8Array): string {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text.replaceAll(/\r\n?/g, '\n')
  } catch {
    // Refused below: a wrong character could be part of a password.
  }
  throw new StartupError('.env is not UTF-8: save it as UTF-8 in your editor')
}

interface Assignment {
  readonly name: string
  readonly line: number
}

/**
 * The assignments of a `.env` file, by name. Throws a StartupError with a line for each text that would have no effect
 * or not the one it seems to have. Values are never quoted: they may be secret.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const { assignments, mistakes } = scan(text)
  const seen = new Map<string, number>()
  for (const { name, line } of assignments) {
    const earlier = seen.get(name)
    if (earlier !== undefined) mistakes.push(`.env sets ${name} twice, in lines ${earlier} and ${line}: remove one`)
    seen.set(name, line)
  }
  if (mistakes.length > 0) throw new StartupError(...mistakes)
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']))
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[^\S\n]*(.*)$/

/** Finds the assignments as parseEnv does: a value in quotes may have several lines. */
function scan(text: string): { assignments: Assignment[]; mistakes: string[] } {
  const assignments: Assignment[] = []
  const mistakes: string[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    const number = index + 1
    if (/^\s*(#|$)/.test(line)) continue
    const [, name, value = ''] = ASSIGNMENT.exec(line) ?? []
    if (name === undefined) {
      mistakes.push(notAnAssignment(line, number))
      continue
    }
    assignments.push({ name, line: number })
    const quote = /^["'`]/.exec(value)?.[0]
    if (quote === undefined || value.includes(quote, 1)) continue
    const end = lines.findIndex((later, place) => place > index && later.includes(quote))
    if (end === -1) mistakes.push(`.env opens a quotation mark in line ${number} (${name}) and never closes it`)
    else index = end
  }
  return { assignments, mistakes }
}

function notAnAssignment(line: string, number: number): string {
  const [, name] = /^\s*([A-Za-z_]\w*)\s*:/.exec(line) ?? []
  if (name !== undefined) return `.env has a colon after ${name} in line ${number}: write ${name}=value`
  return `.env has no NAME=value in line ${number}: correct it, or put # before it`
}
