import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { RequestHandler } from 'express'
import { sendUnlessCached } from './fixed.ts'

/** The complete list. No directory is served, so there is no path to traverse. */
const sources = {
  'pages.css': ['text/css', new URL('browser/pages.css', import.meta.url).href],
  'icon.svg': ['image/svg+xml', new URL('browser/icon.svg', import.meta.url).href],
  'contract.js': ['text/javascript', new URL('browser/contract.js', import.meta.url).href],
  'console.css': ['text/css', new URL('browser/console.css', import.meta.url).href],
  'console.js': ['text/javascript', new URL('browser/console.js', import.meta.url).href],
  'swagger-ui.css': ['text/css', import.meta.resolve('swagger-ui-dist/swagger-ui.css')],
  'swagger-ui-bundle.js': ['text/javascript', import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')],
  'reference.js': ['text/javascript', new URL('browser/reference.js', import.meta.url).href],
  'redoc.js': ['text/javascript', new URL('../../generated/redoc/redoc.js', import.meta.url).href],
} as const satisfies Record<string, readonly [type: string, url: string]>

export type AssetName = keyof typeof sources

export interface Assets {
  /** Seen from the root of the server, without a slash before it. */
  address: (name: AssetName) => string
  /** For the route `/docs/assets/:version/:name`; lets an unknown version or name fall through. */
  handler: RequestHandler<{ version: string; name: string }>
}

const compress = promisify(gzip)

/**
 * One version for all files, made from their bytes: the address changes exactly when a file does, so browsers may cache
 * it for ever, even in development, where the package version does not change.
 */
export function loadAssets(): Assets {
  const files = new Map(
    Object.entries(sources).map(([name, [type, url]]) => [name, { type, bytes: readFileSync(new URL(url)) }]),
  )
  const hash = createHash('sha256')
  for (const [name, { bytes }] of files) hash.update(`${name}:${bytes.length}:`).update(bytes)
  const version = hash.digest('hex').slice(0, 16)

  // Once per file, on its first request: it saves most of the transfer, and compressing everything would slow the
  // start.
  const compressed = new Map<string, Promise<Buffer>>()
  const gzipped = (name: string, bytes: Buffer): Promise<Buffer> => {
    const result = compressed.get(name) ?? compress(bytes)
    compressed.set(name, result)
    return result
  }

  return {
    address: (name) => `docs/assets/${version}/${name}`,
    handler: async (req, res, next) => {
      const { name } = req.params
      const file = files.get(name)
      if (req.params.version !== version || file === undefined) return next()

      const useGzip = req.acceptsEncodings('gzip', 'identity') === 'gzip'
      if (useGzip) res.set('Content-Encoding', 'gzip')
      res.set({
        'Content-Type': `${file.type}; charset=utf-8`,
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        ETag: `"${version}-${name}${useGzip ? '-gzip' : ''}"`,
        Vary: 'Accept-Encoding',
      })
      await sendUnlessCached(req, res, () => (useGzip ? gzipped(name, file.bytes) : file.bytes))
    },
  }
}
