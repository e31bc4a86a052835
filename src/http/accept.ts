/** One media range of an Accept header (RFC 9110 §12.5.1). */
interface MediaRange {
  /** In lower case, such as `application/json`; its type and its subtype may be `*`. */
  readonly range: string
  /** Whether it has parameters other than the weight, such as `charset`. */
  readonly hasParameters: boolean
  readonly weight: number
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"'
const RANGE = new RegExp(`[ \\t]*(${TOKEN})/(${TOKEN})`, 'y')
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, 'y')
const END = /[ \t]*(?:,|$)/y
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * Whether an Accept header takes one of these media types, which are without parameters. A header that is missing, is
 * empty or breaks the grammar takes all of them: the server may disregard it (RFC 9110 §12.5.1).
 */
export function acceptsOneOf(header: string | undefined, mediaTypes: readonly string[]): boolean {
  const ranges = header === undefined ? undefined : readRanges(header)
  if (ranges === undefined || ranges.length === 0) return true
  return mediaTypes.some((mediaType) => weightOf(mediaType, ranges) > 0)
}

/**
 * The weight of a media type by the most specific range that names it. A range with parameters, such as
 * `application/json; charset=utf-8`, asks for a variant of the type. We have no variants, so it counts as asking for
 * the type, unless the header also has the type alone; and with weight 0 it excludes only the variant.
 */
function weightOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const [type = ''] = mediaType.split('/')
  const of = (range: string, hasParameters: boolean): number | undefined => {
    const found = ranges.filter((entry) => entry.range === range && entry.hasParameters === hasParameters)
    return found.length === 0 ? undefined : Math.max(...found.map(({ weight }) => weight))
  }
  const levels = [mediaType, `${type}/*`, '*/*']
  for (const level of levels) {
    const weight = of(level, false) ?? (of(level, true) || undefined)
    if (weight !== undefined) return weight
  }
  return 0
}

/** The ranges of a header in time proportional to its length; undefined if it breaks the grammar. */
function readRanges(header: string): MediaRange[] | undefined {
  const ranges: MediaRange[] = []
  let position = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position
    const match = pattern.exec(header)
    if (match !== null) position = pattern.lastIndex
    return match
  }
  while (position < header.length) {
    // An entry of a list may be empty (RFC 9110 §5.6.1.2).
    if (take(END) !== null) continue
    const [, type = '', subtype = ''] = take(RANGE) ?? []
    if (type === '' || (type === '*' && subtype !== '*')) return undefined
    let [weight, hasParameters] = [1, false]
    for (let match = take(PARAMETER); match !== null; match = take(PARAMETER)) {
      const [, name, value = ''] = match
      if (name === undefined) continue
      if (name.toLowerCase() !== 'q') hasParameters = true
      else if (WEIGHT.test(value)) weight = Number(value)
      else return undefined
    }
    if (take(END) === null) return undefined
    ranges.push({ range: `${type}/${subtype}`.toLowerCase(), hasParameters, weight })
  }
  return ranges
}
