// What a test leaves behind: all metrics and thresholds as JSON in the file that SUMMARY names, or a verdict.
export function handleSummary(data) {
  const failed = Object.entries(data.metrics).flatMap(([metric, m]) =>
    Object.entries(m.thresholds || {}).filter(([, t]) => !t.ok).map(([threshold]) => `${metric} ${threshold}`));
  const verdict = failed.length ? `FAILED: ${failed.join('; ')}\n` : 'passed\n';
  return __ENV.SUMMARY ? { [__ENV.SUMMARY]: JSON.stringify(data, null, 1) } : { stdout: verdict };
}
