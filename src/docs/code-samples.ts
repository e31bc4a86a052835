import { readFileSync } from 'node:fs'

const file = new URL('../../generated/code-samples.json', import.meta.url)

/** The document with `x-codeSamples`, for people who read it: samples of each operation in every generated language. */
export function withCodeSamples(document: object): object {
  const samples = members(JSON.parse(readFileSync(file, 'utf8')))
  const paths = Object.entries(members(Reflect.get(document, 'paths'))).map(([path, item]) => {
    const operations = Object.entries(members(item)).map(([key, value]) => {
      const own = samples[String(members(value)['operationId'])]
      return [key, own === undefined ? value : { ...members(value), 'x-codeSamples': own }]
    })
    return [path, Object.fromEntries(operations)]
  })
  return { ...document, paths: Object.fromEntries(paths) }
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
