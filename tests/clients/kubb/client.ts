/**
 * The generated functions call this instead of Kubb's own fetch client, which sends no Content-Type for JSON, sends
 * forms as JSON and arrays with commas, and has no type for errors. Kubb's setting for it is `importPath`.
 */
export interface RequestConfig<TData = unknown> {
  method: string
  url: string
  params?: object | undefined
  data?: TData | undefined
  headers?: Record<string, string | undefined> | undefined
}

interface Reply {
  status: number
  headers: Headers
}

/** Either a success with `data` or a refusal with `error`. */
export type Answer<TData, TError> = Reply & ({ ok: true; data: TData } | { ok: false; error: TError })
export type ResponseErrorConfig<TError> = TError
export type Client = typeof client

export const settings: { baseUrl: string; token?: string } = { baseUrl: '' }

const FORM = 'application/x-www-form-urlencoded'

export default async function client<TData, TError = unknown, TRequest = unknown>(
  config: RequestConfig<TRequest>,
): Promise<Answer<TData, TError>> {
  const headers = new Headers({ 'Content-Type': 'application/json' })
  if (settings.token !== undefined) headers.set('Authorization', `Bearer ${settings.token}`)
  for (const [name, value] of Object.entries(config.headers ?? {})) if (value !== undefined) headers.set(name, value)

  const encode = headers.get('Content-Type') === FORM ? pairs : JSON.stringify
  const body = config.data === undefined ? null : encode(config.data)
  const response = await fetch(`${settings.baseUrl}${config.url}?${pairs(config.params)}`, {
    method: config.method,
    headers,
    body,
  })

  const text = await response.text()
  const value = text === '' ? undefined : JSON.parse(text)
  const reply = { status: response.status, headers: response.headers }
  return response.ok ? { ...reply, ok: true, data: value } : { ...reply, ok: false, error: value }
}

/** `name=value&…`; an array repeats its name, as `explode: true` has it. */
function pairs(fields: unknown): string {
  const encoded = new URLSearchParams()
  for (const [name, value] of Object.entries(fields ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) encoded.append(name, String(one))
  }
  return encoded.toString()
}
