import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

/** What RFC 6531 §3.3 adds to ASCII, but for control characters, blanks, and marks that turn the text around. */
const BEYOND_ASCII = String.raw`[^\x00-\x7f\p{Cc}\p{Cs}\p{Z}\p{Bidi_Control}]`
const ATOM = String.raw`(?:[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~-]|${BEYOND_ASCII})+`
const DOTTED = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*$`, 'u')
const QUOTED = new RegExp(String.raw`^"(?:[ !#-\[\]-~]|${BEYOND_ASCII}|\\[ -~])*"$`, 'u')
const ASCII_DOMAIN = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/

interface Parts {
  readonly local: string
  readonly domain: string
}

/**
 * An address of RFC 5321 §4.1.2, or of RFC 6531 §3.3 with letters of any script, without the blanks around it, which
 * keyboards add. Undefined for another text.
 */
export function canonicalEmail(text: string): string | undefined {
  const address = text.trim()
  const { local, domain } = partsOf(address)
  return (DOTTED.test(local) || QUOTED.test(local)) && isDomain(domain) ? address : undefined
}

/**
 * The form in which addresses are compared: without regard to case, to how Unicode composes a letter, to needless
 * quotes, and to whether a domain is written in its own script or in ASCII (`xn--`). A text that is no address has one
 * too.
 */
export function emailKey(text: string): string {
  const { local, domain } = partsOf(text.trim())
  return `${folded(unquoted(local))}@${asciiDomain(domain)}`
}

function partsOf(address: string): Parts {
  const at = address.lastIndexOf('@')
  return { local: address.slice(0, Math.max(0, at)), domain: address.slice(at + 1) }
}

function isDomain(domain: string): boolean {
  const [, literal] = /^\[(.+)\]$/.exec(domain) ?? []
  if (literal !== undefined) return isIPv4(literal) || (/^IPv6:/i.test(literal) && isIPv6(literal.slice(5)))
  return ASCII_DOMAIN.test(domain) || (isInternational(domain) && ASCII_DOMAIN.test(domainToASCII(domain)))
}

/** Only such a domain is converted: the converter would read `1.2` as an IP address. */
function isInternational(domain: string): boolean {
  return /\P{ASCII}/u.test(domain) && /^[A-Za-z0-9.\-\P{ASCII}]+$/u.test(domain)
}

function asciiDomain(domain: string): string {
  return (isInternational(domain) ? domainToASCII(domain) : '') || folded(domain)
}

/** `"ann"@example.com` is `ann@example.com`: only the quotes of what needs them count. */
function unquoted(local: string): string {
  if (!QUOTED.test(local)) return local
  const content = local.slice(1, -1).replaceAll(/\\(.)/g, '$1')
  return DOTTED.test(content) ? content : `"${content.replaceAll(/["\\]/g, '\\$&')}"`
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC')
}
