import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Json, JsonObject } from '../document/document.ts'

/** The schema whose rule an error is about, as the contract has it. */
export function schemaOf({ parentSchema }: ErrorObject): JsonObject {
  return isJsonObject(parentSchema) ? parentSchema : {}
}

/** A parameter of the error, such as `limit`; undefined if it has no such parameter. */
export function paramOf({ params }: ErrorObject, name: string): Json | undefined {
  return isJsonObject(params) ? params[name] : undefined
}

/** A parameter of the error that is text, such as `pattern`. */
export function wordOf(error: ErrorObject, name: string): string {
  const value = paramOf(error, name)
  return typeof value === 'string' ? value : ''
}

/** The member that an error is about, where that is not the value at its path. */
export function memberOf(error: ErrorObject): string | undefined {
  const name = paramOf(error, 'missingProperty') ?? paramOf(error, 'additionalProperty')
  return typeof name === 'string' ? name : undefined
}

/** Schemas and their parameters come from the contract, and values from JSON or a form. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
