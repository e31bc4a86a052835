import { types, type CustomTypesConfig } from 'pg'

/** Object ids of types, as pg_type has them. */
const INT8: number = types.builtins.INT8
const TIMESTAMPTZ: number = types.builtins.TIMESTAMPTZ

/** How values come out of the database. Times stay text: a JavaScript Date would lose the microseconds. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary' && oid === TIMESTAMPTZ) return toRfc3339
    if (format !== 'binary' && oid === INT8) return toSafeInteger
    return types.getTypeParser(oid, format)
  },
}

/** `2026-11-22 10:15:30.5+00` to `2026-11-22T10:15:30.5Z`; every connection runs in UTC. */
export function toRfc3339(text: string): string {
  if (!text.endsWith('+00')) throw new Error('The database connection does not run in UTC')
  return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
}

function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error('A bigint is beyond 2^53')
  return value
}
