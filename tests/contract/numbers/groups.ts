import { answerClaims } from './answers.ts'
import { bodyClaims } from './bodies.ts'
import { countClaims } from './counts.ts'
import { exampleClaims } from './examples.ts'
import { fieldClaims } from './fields.ts'
import { keepingClaims } from './keeping.ts'
import { keyClaims } from './keys.ts'
import { largeTextClaims } from './large-texts.ts'
import { listClaims } from './lists.ts'
import { loginClaims } from './logins.ts'
import { settingClaims } from './operator-settings.ts'
import { rateClaims } from './rates.ts'
import { serviceClaims } from './service.ts'
import { sessionClaims } from './sessions.ts'
import { syncClaims } from './sync.ts'
import { writingClaims } from './writing.ts'

/** All claims, by the test file that measures them. */
export const groups = {
  answers: [...answerClaims, ...serviceClaims, ...countClaims, ...exampleClaims],
  limits: [...listClaims, ...bodyClaims, ...fieldClaims, ...writingClaims, ...largeTextClaims],
  time: [
    ...sessionClaims,
    ...loginClaims,
    ...keyClaims,
    ...keepingClaims,
    ...settingClaims,
    ...syncClaims,
    ...rateClaims,
  ],
}
