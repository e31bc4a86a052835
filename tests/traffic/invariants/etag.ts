import { answersWithHeader } from './documented.ts'
import { type Invariant, ours } from './invariant.ts'
import { isSuccess, notesIn, tagsOf } from './seen.ts'

/** "Every note has a version … and a strong ETag made from it"; "304 while nothing changed". */
export const etag: Invariant = {
  title: 'ETag is the version that is shown',
  concerns: answersWithHeader('ETag'),
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const { operationId, operation, status, headers, body, asked, isHead } = seen
      const concern = `${operationId} ${status}`
      if (!etag.concerns.includes(concern)) continue
      const tag = headers['etag'] ?? 'none'
      const isConditional = operation.parameters.some(({ name }) => name === 'If-None-Match')
      const held = (isConditional ? tagsOf(asked['if-none-match']) : []).map((one) => one.replace(/^W\//, ''))
      const holdsIt = held.includes('*') || held.includes(tag)
      if (status === 304) hold(concern, seen, holdsIt, `304 with ETag ${tag} for If-None-Match ${held.join()}`)
      else if (!isHead) {
        const versions = notesIn(body).map(({ version }) => `"${String(version)}"`)
        hold(
          concern,
          seen,
          versions.length === 1 && versions[0] === tag,
          `ETag ${tag} of a note of version ${versions.join()}`,
        )
      }
      if (isSuccess(seen))
        hold(concern, seen, held.length === 0 || !holdsIt, `the note is sent again for If-None-Match ${held.join()}`)
    }
  },
}
