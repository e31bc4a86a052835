import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { expect, test } from 'vitest'

const project = new URL('..', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, project), 'utf8')
const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(text('package.json'))

/** The packages that a file loads when it runs: imports of types are erased. */
function packagesOf(source: string): string[] {
  const code = source.replaceAll(/^import type [\s\S]*?from '[^']*'/gm, '')
  const names = [...code.matchAll(/(?:\bfrom |^import |\bimport\(|\.resolve\()'([^'.][^']*)'/gm)].map(
    ([, name = '']) => name,
  )
  return names.filter((name) => !isBuiltin(name)).map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
}

test('the server needs the packages that npm ci --omit=dev installs, all of them and no other', () => {
  const files = readdirSync(new URL('src', project), { recursive: true }).map((name) => `src/${String(name)}`)
  const shipped = files.filter((name) => name.endsWith('.ts') && !name.startsWith('src/generate/'))
  const loaded = new Set(shipped.flatMap((name) => packagesOf(text(name))))
  expect([...loaded].toSorted()).toEqual(Object.keys(dependencies).toSorted())
})
