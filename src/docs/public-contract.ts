/** Where the texts and code samples of the contract assume the server: where the reader started it. */
export const SAMPLE_ADDRESS = 'http://localhost:8000'

/** The text of openapi.yaml with the public address in place of paths that assume the root of a host. */
export function withPublicUrl(yaml: string, publicUrl: string): string {
  return relocate(yaml, publicUrl)
    .replace(/^(servers:\n {2}- url: )\/$/m, `$1${publicUrl}`)
    .replaceAll(/^( +(?:tokenUrl|refreshUrl): )\//gm, `$1${publicUrl}/`)
}

/** The same for the document with its code samples. */
export function documentWithPublicUrl(document: object, publicUrl: string): object {
  const visit = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') {
      const isEndpoint = (name === 'tokenUrl' || name === 'refreshUrl') && value.startsWith('/')
      return isEndpoint ? publicUrl + value : relocate(value, publicUrl)
    }
    if (Array.isArray(value)) return value.map((item: unknown) => visit(item, ''))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, visit(member, key)]))
  }
  const entries = Object.entries(document).map(([key, member]: [string, unknown]) => [key, visit(member, key)])
  const servers: unknown = Reflect.get(document, 'servers')
  const relocated: object = Object.fromEntries(entries)
  if (!Array.isArray(servers)) return relocated
  return { ...relocated, servers: servers.map((server: object) => ({ ...server, url: publicUrl })) }
}

/** Samples, and the Markdown links to pages of this server. */
function relocate(text: string, publicUrl: string): string {
  return text.replaceAll(SAMPLE_ADDRESS, publicUrl).replaceAll('](/', `](${publicUrl}/`)
}
