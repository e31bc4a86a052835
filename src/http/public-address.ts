/** Makes the address that a reply gives for a path of this server, such as `/notes`. */
export type AddressOf = (path: string) => string

/** Without a public address a path is enough: a client that asks the root of a host knows which one. */
export function createAddressOf(publicUrl: string | undefined): AddressOf {
  return (path) => `${publicUrl ?? ''}${path}`
}

/** What to say of an unknown path; one with the path of the public address comes through a proxy that leaves it on. */
export function nothingAt(path: string, addressOf: AddressOf): string {
  const prefix = URL.parse(addressOf('/'))?.pathname.slice(0, -1) ?? ''
  const nothing = 'There is nothing at this address.'
  if (prefix === '' || !`${path}/`.startsWith(`${prefix}/`)) return nothing
  return `${nothing} The server expects it without ${prefix}, which the proxy in front has to take off.`
}

const MAX_LENGTH = 150

const NO_HOST = 'must have a host and, if any, a port from 1 to 65535'
const NO_PATH = 'must have a path of names with the letters A to Z, digits, ".", "_", "~" and "-"'

/**
 * Reads the address under which clients reach the server; returns it without a slash at its end, or what is wrong with
 * it. Its characters are few, so that it stands as it is in headers, pages and samples for a shell.
 */
export function readPublicUrl(text: string): { readonly url: string } | { readonly fault: string } {
  const [, authority, path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(text) ?? []
  if (authority === undefined) return { fault: 'must begin with https:// or http://' }
  if (authority.includes('@')) return { fault: 'must have no user name and no password' }
  if (text.includes('?')) return { fault: 'must have no query: nothing after a ?' }
  if (text.includes('#')) return { fault: 'must have no fragment: nothing after a #' }
  const origin = authority.includes('\\') ? undefined : URL.parse(text)?.origin
  if (origin === undefined || !/^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[1-9]\d*)?$/.test(origin)) {
    return { fault: NO_HOST }
  }
  const prefix = path.replace(/\/+$/, '')
  if (!/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)*$/.test(prefix)) return { fault: NO_PATH }
  const url = `${origin}${prefix}`
  return url.length > MAX_LENGTH ? { fault: `must have at most ${MAX_LENGTH} characters` } : { url }
}
