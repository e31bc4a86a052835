import type { JsonObject } from '../../contract/document/document.ts'
import type { Operation } from '../../contract/document/operations.ts'
import { curlSample } from './curl.ts'
import { pythonSample } from './python.ts'
import { type SampleRequest, sampleRequests } from './request.ts'
import { typescriptSample } from './typescript.ts'

/** An entry of `x-codeSamples`. */
export interface CodeSample {
  readonly lang: string
  readonly label: string
  readonly source: string
}

const LANGUAGES: readonly (readonly [lang: string, label: string, write: (request: SampleRequest) => string])[] = [
  ['Shell', 'curl', curlSample],
  ['TypeScript', 'TypeScript', typescriptSample],
  ['Python', 'Python', pythonSample],
]

/** Each request in each language. The label of the first request is the language; further ones add their example. */
export function codeSamples(root: JsonObject, operations: readonly Operation[]): Record<string, CodeSample[]> {
  return Object.fromEntries(
    operations.map((operation) => {
      const samples = sampleRequests(root, operation).flatMap((request, index) =>
        LANGUAGES.map(([lang, label, write]) => ({
          lang,
          label: index === 0 ? label : `${label}: ${request.example}`,
          source: write(request),
        })),
      )
      return [operation.operationId, samples]
    }),
  )
}
