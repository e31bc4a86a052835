/**
 * The spellings of an id and of a time that a request may have, and the one that the server stores and sends. Each
 * function returns that one, or undefined for a text that is neither.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A UUID in its text form, in upper or lower case (RFC 9562 §4). */
export function canonicalUuid(text: string): string | undefined {
  return UUID.test(text) ? text.toLowerCase() : undefined
}

/** RFC 3339 §5.6: letters in either case, a blank instead of T, any fraction and any offset. */
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

const MINUTE = 60_000
const FIRST = '0001-01-01T00:00:00Z'
const LAST = '9999-12-31T23:59:59.999999Z'

/**
 * A time of RFC 3339, as UTC with up to six fractional digits, which is what PostgreSQL keeps; further digits are cut
 * off. Dates and times that do not exist are refused. A leap second counts as the beginning of the next minute, as in
 * the clocks that write our times. An offset may lead out of the years that PostgreSQL reads; then it is the nearest
 * moment within them.
 */
export function canonicalMoment(text: string): string | undefined {
  const match = MOMENT.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return undefined

  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute)
  const inUtc = new Date(0)
  inUtc.setUTCFullYear(year, month - 1, day)
  inUtc.setUTCHours(hour, minute, second)
  inUtc.setTime(inUtc.getTime() - offset * MINUTE)
  const isLeapSecond = second === 60
  if (isLeapSecond && !isBeginningOfMonth(inUtc)) return undefined

  if (inUtc.getTime() < Date.parse(FIRST)) return FIRST
  if (inUtc.getTime() > Date.parse(LAST)) return LAST
  const fraction = isLeapSecond ? '' : (match[7] ?? '').slice(0, 6).replace(/0+$/, '')
  return `${inUtc.toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** A leap second is the last one of a month in UTC (RFC 3339 §5.7), so with it the next month begins. */
function isBeginningOfMonth(moment: Date): boolean {
  return moment.getUTCDate() === 1 && moment.getUTCHours() === 0 && moment.getUTCMinutes() === 0
}
