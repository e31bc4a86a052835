/** What the round trips of the TypeScript clients share; copied beside each of them. */

/** The types must fit too: what has become another type in the contract does not compile. */
export function equal<T>(what: string, actual: T, expected: NoInfer<T>): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== shouldBe) throw new Error(`${what}: is ${is}, should be ${shouldBe}`)
}

export function present<T>(what: string, value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error(`${what} is not there`)
  return value
}

/** The `cursor` of the address in a `Link` header; undefined on the last page. */
export function nextCursor(link: string | null | undefined): string | undefined {
  const address = /^<(.+)>; rel="next"$/.exec(link ?? '')?.[1]
  return address === undefined
    ? undefined
    : present('cursor', new URL(address, 'http://any').searchParams.get('cursor'))
}

export interface Counts {
  readonly created: number
  readonly pages: number
  readonly refused: number
}

/** The line that ends a round trip. */
export function done({ created, pages, refused }: Counts): void {
  process.stdout.write(`round trip ok: ${created} notes created, ${pages} pages, ${refused} refusals\n`)
}
