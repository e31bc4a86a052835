import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Development only: builds the docs with @redocly/cli and keeps the part that does not depend on the contract: Redoc's
 * own script. The page gives it the live /openapi.json, so the reference cannot be stale, production needs neither the
 * tool nor React, and the result changes only with the version of the tool.
 */
const cli = new URL('../../node_modules/@redocly/cli/', import.meta.url)
const contract = new URL('../../openapi.yaml', import.meta.url)
const target = new URL('../../generated/redoc/', import.meta.url)

// Redoc's sidebar has a logo from a CDN. The logo stays, but comes from here.
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="14">' +
  '<text y="11" font-family="sans-serif" font-size="12" fill="#6b7a90">Redocly</text></svg>'
const logoUrl = `data:image/svg+xml,${encodeURIComponent(logo)}`

/** What we change in Redoc's script. Each pattern must match exactly once, or the build stops. */
const changes: [why: string, found: RegExp, instead: string][] = [
  ['logo from a CDN', /https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini-full\.svg/g, logoUrl],
  ['small logo from a CDN', /https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini\.svg/g, logoUrl],
  ['icons from a CDN', /https:\/\/cdn\.redocly\.com\/icons\/fa\/[\d.]+/g, '/docs/assets/none'],
  ['more icons from a CDN', /https:\/\/cdn\.redocly\.com\/icons\/code\/[\d.]+/g, '/docs/assets/none'],
  ['telemetry', /https:\/\/otel\.cloud\.redocly\.com\/v1\/traces/g, '/docs/assets/none'],
  [
    "a search worker compiled from text, which script-src 'self' refuses: search in the page instead",
    /\w+\._factory\?\?=Function\(\w+\),!0/g,
    '!1',
  ],
  [
    'menu entries that hand the contract to an outside service',
    /(?<=onClick:\(\)=>\w+\(`chatgpt`\)\}\])(?=\.map\()/g,
    '.filter(e=>!/ChatGPT|Claude/.test(e.description))',
  ],
]

export function extractRedoc(page: string): string {
  const script = /<script type="module">\s*(\/\*\*[^]*?export\{RedocStandalone,hydrate,init\};)/.exec(page)?.[1]
  if (script === undefined) throw new Error('redocly build-docs wrote a page of an unknown shape')

  const own = changes.reduce((text, [why, found, instead]) => {
    const times = text.match(found)?.length ?? 0
    if (times !== 1) throw new Error(`Redoc has ${times} places, not 1, for: ${why}. See src/generate/redoc.ts`)
    return text.replace(found, instead)
  }, script)

  const unknown = own.match(/https?:\/\/[\w.-]*(?:cdn|otel)[\w.-]*/)
  if (unknown !== null) throw new Error(`Redoc names an outside host that is not on the list: ${unknown[0]}`)
  return `${own}\n`
}

function buildRedoc(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'redoc-'))
  try {
    const output = join(scratch, 'redoc.html')
    const tool = fileURLToPath(new URL('bin/cli.js', cli))
    const command = ['build-docs', fileURLToPath(contract), '--inlineBundle', '-o', output]
    execFileSync(process.execPath, [tool, ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      // Without these, the tool sends telemetry and checks for updates.
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    })
    const redoc = extractRedoc(readFileSync(output, 'utf8'))
    if (process.argv.includes('--check')) {
      if (readFileSync(new URL('redoc.js', target), 'utf8') === redoc) return
      throw new Error('generated/redoc is stale: run npm run generate')
    }
    mkdirSync(target, { recursive: true })
    writeFileSync(new URL('redoc.js', target), redoc)
    copyFileSync(new URL('LICENSE', cli), new URL('LICENSE', target))
    copyFileSync(new URL('THIRD_PARTY_NOTICES', cli), new URL('THIRD_PARTY_NOTICES', target))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

if (import.meta.main) buildRedoc()
