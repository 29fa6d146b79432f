/** How often a property is tried: few times by default, a hundred times as often in a full run (`TIERLINE_FULL`). */
export const runs = (few: number): { numRuns: number } => ({
  numRuns: process.env['TIERLINE_FULL'] ? few * 100 : few,
});
