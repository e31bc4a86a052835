import { readFileSync } from 'node:fs'

/** 8 346 passwords, one a line; where they are from stands in common-passwords.LICENSE. */
const FILE = new URL('common-passwords.txt', import.meta.url)

/** Read at the first question: a server that only checks logins never needs it. */
let list: ReadonlySet<string> | undefined

/** Whether a password is one of those that are tried first, in whatever case and form of its characters. */
export function isCommonPassword(password: string): boolean {
  list ??= readCommonPasswords()
  return list.has(password.normalize('NFKC').toLowerCase())
}

/** The list, each entry in the form in which passwords are compared. */
export function readCommonPasswords(): ReadonlySet<string> {
  return new Set(readFileSync(FILE, 'utf8').trimEnd().split('\n'))
}
