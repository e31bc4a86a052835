import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.ts'

/** The methods of the server as a whole, which `OPTIONS *` asks for (RFC 9110 §9.3.7). */
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** `http://host:port/path?query` (RFC 9112 §3.2.2): its scheme, its authority, and the rest. */
const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is

/** Why the target or the Host of a request is malformed, until its turn comes to be answered. */
const faults = new WeakMap<IncomingMessage, string>()

/**
 * Makes a path of a target in absolute form; its host replaces the Host header (RFC 9112 §3.2.2). This comes before
 * express, which reads the target itself and takes what it cannot read for an unknown address. A request without one
 * Host is refused first (RFC 9112 §3.2).
 */
export function normalizeTarget(request: IncomingMessage): void {
  const hosts = countHeader(request.rawHeaders, 'host')
  // Node keeps the first of two; a proxy in front may have used the other (RFC 9112 §3.2).
  if (hosts > 1) return refuse(request, 'The request has more than one Host header.')
  if (hosts === 0 && request.httpVersion === '1.1') return refuse(request, 'The request must have a Host header.')
  const target = request.url ?? ''
  if (target.startsWith('/') || target === '*') return
  const [, scheme = '', authority = '', path = ''] = ABSOLUTE.exec(target) ?? []
  if (!/^https?$/i.test(scheme)) {
    refuse(request, 'The target must be a path, or an address with http or https.')
  } else if (!isAuthority(authority)) {
    refuse(request, 'The target has a host or a port that is not valid.')
  } else {
    request.headers.host = authority
    // Without a path, OPTIONS means the server as a whole (RFC 9112 §3.2.4).
    request.url = path === '' && request.method === 'OPTIONS' ? '*' : path.startsWith('/') ? path : `/${path}`
  }
}

function countHeader(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((value, index) => index % 2 === 0 && value.toLowerCase() === name).length
}

function refuse(request: IncomingMessage, detail: string): void {
  request.url = '*'
  faults.set(request, detail)
}

/** Whether this is a host with an optional port. A user name in it is an error (RFC 9110 §4.2.4). */
function isAuthority(text: string): boolean {
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]+)(?::\d{0,5})?$/i.test(text)) return false
  return URL.canParse(`http://${text}/`)
}

/** Answers what is about no path: a malformed target, and `*`, which only OPTIONS may have. */
export function withoutPath(): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.url !== '*') return next()
    const fault = faults.get(request)
    if (fault !== undefined) throw new Problem('malformed-request', fault)
    if (request.method !== 'OPTIONS') throw new Problem('malformed-request', 'Only OPTIONS may have the target "*".')
    response.statusCode = 204
    response.setHeader('Allow', METHODS)
    response.end()
  }
}
