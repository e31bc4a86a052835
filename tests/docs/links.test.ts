import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'tests/*.md'], { cwd: ROOT })
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** Without blocks and spans of code, whose brackets are no links and whose # are no headings. */
function prose(text: string): string {
  return text
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
    .replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, (code) => code.replaceAll(/[[\]()]/g, ''))
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const name = words
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let anchor = name
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${name}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

/** The links of a page that lead to no file, or to no heading of it. */
function brokenLinks(page: string, text: string): string[] {
  const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => {
    if (/^(https?|mailto):/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (path !== '' && !existsSync(join(ROOT, file))) return true
    return anchor !== undefined && !anchorsOf(path === '' ? text : read(file)).has(anchor)
  })
}

test('each link of the documents leads to a file, and to a heading of it', () => {
  expect(pages.length).toBeGreaterThan(20)
  expect(pages.map((page) => [page, brokenLinks(page, read(page))]).filter(([, broken]) => broken?.length)).toEqual([])
})

test('a link to a missing file or heading is found', () => {
  const text =
    '# One & two\n\n[a](#one--two) [b](#three) [c](no.md) [d](backup.md#with-docker) [e](backup.md#no) `[f](g)`\n'
  expect(brokenLinks('docs/planted.md', text)).toEqual(['#three', 'no.md', 'backup.md#no'])
})
