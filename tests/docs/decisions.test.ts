import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const pages = new URL('../../docs/decisions/', import.meta.url)

test('the pages of decisions are numbered from 1 without a gap, in their names and in their titles', () => {
  const names = readdirSync(pages).toSorted()
  const numbers = names.map((_, index) => index + 1)
  expect(names.map((name) => /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1])).toEqual(
    numbers.map((number) => String(number).padStart(4, '0')),
  )
  const titles = names.map((name) => readFileSync(new URL(name, pages), 'utf8').split('\n', 1)[0])
  expect(titles.map((title) => /^# (\d+)\. \S/.exec(title ?? '')?.[1])).toEqual(numbers.map(String))
})
