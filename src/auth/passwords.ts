import { hash, needsRehash, verify, argon2id } from 'argon2'

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** A stored hash may not make us work for minutes or take all memory, wherever it came from. */
const MOST = { m: 262_144, t: 10, p: 4 } as const

/** Compatibility forms of a character are one character to the person who types them. */
function normalize(password: string): string {
  return password.normalize('NFKC')
}

export function hashPassword(password: string): Promise<string> {
  return hash(normalize(password), PARAMETERS)
}

/** Whether a password belongs to a stored hash; false for a hash that is damaged or costs too much to check. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  if (!isBounded(stored)) return false
  return verify(stored, normalize(password))
}

/** Whether a stored hash was made with weaker parameters than today's. */
export function isWeakHash(stored: string): boolean {
  return needsRehash(stored, PARAMETERS)
}

/** The parameters of a PHC string may stand in any order: `$argon2id$v=19$m=19456,p=1,t=2$…`. */
function isBounded(stored: string): boolean {
  const [, name, version, parameters = ''] = stored.split('$')
  if (name !== 'argon2id' || version !== 'v=19') return false
  const given = new Map(parameters.split(',').map((pair) => [pair.slice(0, 2), Number(pair.slice(2))]))
  return Object.entries(MOST).every(([key, most]) => (given.get(`${key}=`) ?? Number.POSITIVE_INFINITY) <= most)
}
