import { answersWithFields } from './documented.ts'
import { type Invariant, ours } from './invariant.ts'
import { isSuccess, notesIn, type Seen } from './seen.ts'

const ofNotes = answersWithFields('owner_id', 'version')
/** Answers with an account: the caller's. */
const ofAccounts = answersWithFields('email', 'is_active').filter((answer) => !answer.startsWith('registerUser'))
/** Which parameter of the path an answer's note has as its id. */
const PARAMETER = 'note_id'

/** "Another user's note answers exactly like an unknown one"; what is answered under an id is the thing with that id. */
export const owners: Invariant = {
  title: 'What is answered belongs to who asks, and is what was asked for',
  concerns: [...ofNotes, ...ofAccounts, 'listSessions 200'],
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const { operationId, status, body, sender, params, items, isHead, answer } = seen
      const concern = `${operationId} ${status}`
      if (sender === undefined || isHead) continue
      for (const note of notesIn(body)) {
        hold(
          concern,
          seen,
          note['owner_id'] === sender.userId,
          `a note of ${String(note['owner_id'])} for ${sender.userId}`,
        )
        const wanted = params[PARAMETER]?.toLowerCase()
        hold(concern, seen, wanted === undefined || note['id'] === wanted, `note ${String(note['id'])} under ${wanted}`)
      }
      if (ofAccounts.includes(concern)) hold(concern, seen, answer['id'] === sender.userId, 'the account of another')
      if (operationId === 'listSessions' && isSuccess(seen)) {
        const current = items.filter((session) => session['is_current'] === true).map(({ id }) => id)
        const right = items.filter(({ id }) => id === sender.id).map(({ id }) => id)
        hold(concern, seen, current.join() === right.join(), `is_current is ${current.join()} to ${sender.id}`)
      }
      judgeKept(seen, hold)
    }
  },
}

/** What else of a request must come back in its answer. */
function judgeKept(seen: Seen, hold: (concern: string, seen: Seen, isRight: boolean, fault: string) => void): void {
  const { operationId, status, answer, given } = seen
  const concern = `${operationId} ${status}`
  if (!isSuccess(seen)) return
  if (operationId === 'registerUser' || operationId === 'updateMe') {
    hold(
      concern,
      seen,
      answer['email'] === String(given['email']).trim() && answer['is_active'] === true,
      'the e-mail is not as it was typed',
    )
  }
  if (operationId === 'createApiKey') {
    hold(concern, seen, answer['name'] === given['name'], `the key is called ${String(answer['name'])}`)
    hold(concern, seen, String(answer['key']).startsWith(String(answer['hint'])), '`hint` is not how the key begins')
  }
}
