// The languages that Parley speaks: BCP 47 primary tags.
import * as v from 'valibot'

export const Language = v.picklist(['en', 'zh'])
export type Language = v.InferOutput<typeof Language>
