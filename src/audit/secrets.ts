import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { MAKE_A_KEY } from '../config/readers.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'

/** A random key of 128 bits, written as 32 hexadecimal digits, is estimated at 100 or more in all but rare cases. */
const LEAST_BITS = 96
/** A random key has none of these: of six letters, one in a hundred million has. */
const WORDS = /change-?me|secret|passw(or)?d|example|default|qwerty|letmein|notes-?api|0123456789|abcdefgh/i

/** A random key of 64 hexadecimal digits has a hundredth, rarely a tenth. */
const MOST_REPETITION = 0.2

/** The keys of the server; without SECRET_KEY, the one that it made. Says nothing of their text. */
export function checkSecrets({ secretKey, secretKeyAccepted, dataDir }: Config): readonly Finding[] {
  const file = join(dataDir, 'secret_key')
  const own = secretKey === undefined ? checkKeyFile(file) : checkSecret('SECRET_KEY', secretKey)
  return secretKeyAccepted === undefined ? [own] : [own, checkSecret('SECRET_KEY_ACCEPTED', secretKeyAccepted)]
}

function checkKeyFile(file: string): Finding {
  try {
    return checkSecret(file, readFileSync(file, 'utf8').trim())
  } catch (error) {
    return notPossible('secret', `the key cannot be read (${reasonOf(error)})`, 'run this as the user of the server')
  }
}

function checkSecret(name: string, secret: string): Finding {
  const weakness = weaknessOf(secret)
  return weakness === undefined
    ? passed('secret', `${name} looks random and is long enough`)
    : failed('secret', `${name} ${weakness}`, MAKE_A_KEY)
}

/** A text cannot be proved random; this finds the ones that certainly are not. */
export function weaknessOf(secret: string): string | undefined {
  if (WORDS.test(secret)) return 'has a word or a row of characters in it, so it is not random'
  return repetition(secret) > MOST_REPETITION || estimatedBits(secret) < LEAST_BITS
    ? 'is too short, or repeats itself'
    : undefined
}

/** The part of all rows of three characters that are there a second time. */
function repetition(text: string): number {
  const rows = Array.from({ length: text.length - 2 }, (_, index) => text.slice(index, index + 3))
  return 1 - new Set(rows).size / rows.length
}

/** By how often each character is there (Shannon's entropy): an upper limit for texts that people make up. */
function estimatedBits(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => bits + count * Math.log2(text.length / count), 0)
}
