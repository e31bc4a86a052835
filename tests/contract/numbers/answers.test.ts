import { groups } from './groups.ts'
import { holdClaims } from './hold.ts'

holdClaims(groups.answers)
