import type { ContractDocument } from '../../../src/contract/document/document.ts'
import { problemKinds } from '../../../src/http/problem-kinds.ts'
import { enumNameFaults } from './compare-enums.ts'
import { lifetimeFaults } from './compare-lifetimes.ts'
import { problemTypeFaults, type ProblemKinds } from './compare-problems.ts'
import { componentNameFaults } from './component-names.ts'
import { digestFaults } from './digests.ts'

/**
 * What is wrong with a contract as it stands, whatever was released before: something is deprecated without its dates,
 * values or schemas have names that generated code cannot use, or a problem type is none that the server answers with. And
 * with what was released, if it was edited.
 */
export function standingFaults({ root }: Pick<ContractDocument, 'root'>, kinds: ProblemKinds = problemKinds): string[] {
  return [
    ...digestFaults(),
    ...lifetimeFaults(root),
    ...enumNameFaults(root),
    ...componentNameFaults(root),
    ...problemTypeFaults(root, kinds),
  ]
}
