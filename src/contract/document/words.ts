import { at, isObject, type Json, type JsonObject, object, type Place, string } from './document.ts'

/** What the contract says about its rules in words, for the people who broke one. */
export interface Words {
  /** The rule behind a pattern or a format, as a sentence. */
  readonly ofPattern: (pattern: string) => string
  readonly ofFormat: (format: string) => string
  /** A member of a schema, with its `$ref` resolved; undefined if the schema has no such member. */
  readonly member: (schema: JsonObject, ...keys: readonly string[]) => JsonObject | undefined
}

/** Reads `x-rules-in-words`. A rule that is missing there is shown as it stands. */
export function readWords(root: JsonObject): Words {
  const { patterns = {}, formats = {} } = object(root['x-rules-in-words'] ?? {})
  const [byPattern, byFormat] = [sentences(patterns), sentences(formats)]
  return {
    ofPattern: (pattern) => byPattern.get(pattern) ?? `Must match the pattern ${pattern}`,
    ofFormat: (format) => byFormat.get(format) ?? `Is not a valid ${format}.`,
    member: (schema, ...keys) => memberOf(root, schema, keys),
  }
}

function sentences(value: Json): ReadonlyMap<string, string> {
  return new Map(Object.entries(object(value)).map(([rule, words]) => [rule, string(words)]))
}

function memberOf(root: JsonObject, schema: JsonObject, keys: readonly string[]): JsonObject | undefined {
  let place: Place = at(root, { pointer: '', value: schema })
  for (const key of keys) {
    if (!isObject(place.value[key]) || !Object.hasOwn(place.value, key)) return undefined
    place = at(root, place, key)
  }
  return place.value
}
