import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: Record<string, unknown>
}

export interface Sent {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Another address of this machine, from which to ask. */
  readonly from?: string
}

/** Asks over TLS, trusts that certificate, and says that it takes gzip, as a browser does. */
export function createClient(certificate: string) {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(certificate) })
  const open = async (
    address: string,
    { method = 'GET', body, headers = {}, from }: Sent = {},
  ): Promise<IncomingMessage> => {
    const sent = request(address, {
      agent,
      method,
      headers: { 'Accept-Encoding': 'gzip', ...headers },
      ...(from !== undefined && { localAddress: from, family: 4 }),
    })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    // A proxy that has answered need not take the rest of the body.
    sent.on('error', () => undefined)
    return response
  }
  const ask = async (address: string, sent?: Sent): Promise<Answer> => {
    const response = await open(address, sent)
    const bytes = await buffer(response)
    const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
    const isJson = response.headers['content-type']?.includes('json') === true && text.startsWith('{')
    const parsed = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
    return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed }
  }
  return { open, ask, close: () => agent.destroy() }
}

export type Client = ReturnType<typeof createClient>
