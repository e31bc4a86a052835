import { readFileSync } from 'node:fs'

/** 8 346 passwords, one per line. common-passwords.LICENSE names their source. */
const FILE = new URL('common-passwords.txt', import.meta.url)

/** Read on first use: a server that only checks logins never needs it. */
let list: ReadonlySet<string> | undefined

/** Whether a password is on the list, in any case and Unicode form. */
export function isCommonPassword(password: string): boolean {
  list ??= readCommonPasswords()
  return list.has(password.normalize('NFKC').toLowerCase())
}

/** The list. Its entries are lower-case and NFKC, the form in which passwords are compared. */
export function readCommonPasswords(): ReadonlySet<string> {
  return new Set(readFileSync(FILE, 'utf8').trimEnd().split('\n'))
}
