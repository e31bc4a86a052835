import { type Fields, isFields, nextOf } from './invariants/seen.ts'
import { type Exchange, type Recording } from './recorder.ts'
import { place, textOf } from './traffic.ts'

/** A lie about one recorded exchange. */
export interface Breach {
  /** The first exchange of this operation and status that it can be planted in. */
  readonly answer: string
  readonly of?: (exchange: Exchange) => boolean
  readonly lie: (exchange: Exchange) => Exchange
}

/** The recording with the lie in it; undefined when there is no such exchange. */
export function plant(recording: Recording, { answer, of, lie }: Breach): Recording | undefined {
  const index = recording.exchanges.findIndex((exchange) => {
    // An answer to HEAD has no body that could lie.
    const isMeant = of === undefined ? exchange.method !== 'HEAD' : of(exchange)
    return isMeant && `${place(exchange).operation?.operationId} ${exchange.status}` === answer
  })
  if (index < 0) return undefined
  return {
    ...recording,
    exchanges: recording.exchanges.map((exchange, at) => (at === index ? lie(exchange) : exchange)),
  }
}

export function bodyOf(exchange: Exchange): unknown {
  const isJson = /json/.test(exchange.headers['content-type'] ?? '')
  return exchange.body === '' || !isJson ? undefined : (JSON.parse(textOf(exchange.body)) as unknown)
}

export function rewrite(exchange: Exchange, body: unknown): Exchange {
  return { ...exchange, body: Buffer.from(JSON.stringify(body)).toString('latin1') }
}

export function withHeader(name: string, value: string) {
  return (exchange: Exchange): Exchange => ({ ...exchange, headers: { ...exchange.headers, [name]: value } })
}

export function withBody(fields: Fields) {
  return (exchange: Exchange): Exchange => rewrite(exchange, { ...(bodyOf(exchange) as Fields), ...fields })
}

export function withNote(name: string, fields: Fields) {
  return (exchange: Exchange): Exchange =>
    withBody({ [name]: { ...((bodyOf(exchange) as Fields)[name] as Fields), ...fields } })(exchange)
}

export function withItems(change: (items: Fields[]) => Fields[]) {
  return (exchange: Exchange): Exchange => rewrite(exchange, change(itemsOf(exchange)))
}

export function itemsOf(exchange: Exchange): Fields[] {
  const body = bodyOf(exchange)
  return Array.isArray(body) ? body.filter(isFields) : []
}

/** Another text in an answer that is no JSON. */
export function withText(from: RegExp, to: string) {
  return (exchange: Exchange): Exchange => ({ ...exchange, body: exchange.body.replace(from, to) })
}

export function withChanges(change: (changes: Fields[]) => Fields[]) {
  return (exchange: Exchange): Exchange => withBody({ changes: change(changesOf(exchange)) })(exchange)
}

function changesOf(exchange: Exchange): Fields[] {
  return ((bodyOf(exchange) ?? {}) as { changes?: Fields[] }).changes ?? []
}

export function hasChanges(count: number) {
  return (exchange: Exchange): boolean => changesOf(exchange).length >= count
}

export function hasText(text: RegExp) {
  return (exchange: Exchange): boolean => text.test(exchange.body)
}

export function conflictsOf(exchange: Exchange): Fields[] {
  return (bodyOf(exchange) as { conflicts: Fields[] }).conflicts
}

export function withLink(exchange: Exchange, from: RegExp, to: string): Exchange {
  return withHeader('link', (exchange.headers['link'] ?? '').replace(from, to))(exchange)
}

export function hasLinkWith(text: string) {
  return (exchange: Exchange): boolean => (nextOf(exchange) ?? '').includes(text)
}

export function hasItems(count: number) {
  return (exchange: Exchange): boolean => itemsOf(exchange).length >= count
}

export function asks(text: string) {
  return (exchange: Exchange): boolean => exchange.target.includes(text) && itemsOf(exchange).length > 0
}

export function sends(text: string) {
  return (exchange: Exchange): boolean => exchange.requestBody.includes(text)
}

export function isReplay({ headers }: Exchange): boolean {
  return headers['idempotency-replayed'] === 'true'
}
