// A whole number of a query, within bounds. Queries are text: the schema reads the text and gives the number.
import * as v from 'valibot'

export function wholeNumber(min: number, max: number): v.GenericSchema<string, number> {
  const allowed = `expected a whole number from ${min} to ${max}`
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, allowed),
    v.transform(Number),
    v.pipe(v.number(), v.integer()),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  )
}
