import { isObject, type Json, type JsonObject, object } from '../../../src/contract/document/document.ts'

/** Formats that no value breaks, and so no message is about. */
const FREE: ReadonlySet<string> = new Set(['password', 'binary'])

/** A rule, then what is allowed. Twenty such messages must fit into 8 KiB. */
const SENTENCE = /^(?:Must|May) [\x20-\x7E]{5,100}\.$/

/**
 * Checks `x-rules-in-words`: a request that breaks a pattern or a format is told what it should have been, so each of
 * them has words there, and nothing else is there.
 */
export function ruleWordViolations(root: JsonObject): string[] {
  const { patterns = {}, formats = {} } = object(root['x-rules-in-words'] ?? {})
  return [...compare('pattern', root, object(patterns)), ...compare('format', root, object(formats))]
}

function compare(keyword: string, root: JsonObject, words: JsonObject): string[] {
  const rules = new Set([...rulesIn(root, keyword)].filter((rule) => !FREE.has(rule)))
  return [
    ...[...rules]
      .filter((rule) => !Object.hasOwn(words, rule))
      .map((rule) => `the ${keyword} ${rule} is not in x-rules-in-words, so nobody is told what it means`),
    ...Object.keys(words)
      .filter((rule) => !rules.has(rule))
      .map((rule) => `x-rules-in-words explains the ${keyword} ${rule}, which no schema has`),
    ...Object.entries(words)
      .filter(([, sentence]) => typeof sentence !== 'string' || !SENTENCE.test(sentence))
      .map(([rule]) => `x-rules-in-words must say in a short sentence of ASCII what the ${keyword} ${rule} demands`),
  ]
}

/** The rules of all schemas. A property may have the name of a keyword, and an example any member. */
function* rulesIn(value: Json, keyword: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const item of value) yield* rulesIn(item as Json, keyword)
  } else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (key === keyword && typeof member === 'string') yield member
      else if (!['example', 'examples', 'x-rules-in-words'].includes(key)) yield* rulesIn(member, keyword)
    }
  }
}
