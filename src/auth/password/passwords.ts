import { hash, needsRehash, verify, argon2id } from 'argon2'

/** How much work one argon2id hash is. */
export interface PasswordCost {
  /** KiB. */
  readonly memoryCost: number
  readonly timeCost: number
}

/** OWASP's minimum for argon2id: 19 MiB and two passes, in one lane. */
export const SHIPPED_COST: PasswordCost = { memoryCost: 19_456, timeCost: 2 }
/** A stored hash with higher costs is not checked: it could take minutes, or all memory. */
const MAX_COSTS = { m: 262_144, t: 10, p: 4 } as const

/** The compatibility forms of a character look the same to the person who types it. */
function normalize(password: string): string {
  return password.normalize('NFKC')
}

export function hashPassword(password: string, cost: PasswordCost = SHIPPED_COST): Promise<string> {
  return hash(normalize(password), parameters(cost))
}

/** Whether a password matches a stored hash; false for a hash that is malformed or too expensive to check. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  if (!isBounded(stored)) return false
  return verify(stored, normalize(password))
}

/** Whether a stored hash was computed with lower costs than a new one. */
export function isWeakHash(stored: string, cost: PasswordCost): boolean {
  return needsRehash(stored, parameters(cost))
}

function parameters({ memoryCost, timeCost }: PasswordCost) {
  return { type: argon2id, memoryCost, timeCost, parallelism: 1 } as const
}

/** The parameters of a PHC string may come in any order: `$argon2id$v=19$m=19456,p=1,t=2$…`. */
function isBounded(stored: string): boolean {
  const [, name, version, costs = ''] = stored.split('$')
  if (name !== 'argon2id' || version !== 'v=19') return false
  const given = new Map(costs.split(',').map((pair) => [pair.slice(0, 2), Number(pair.slice(2))]))
  return Object.entries(MAX_COSTS).every(([key, max]) => (given.get(`${key}=`) ?? Number.POSITIVE_INFINITY) <= max)
}
