import { check } from 'k6';

// sure makes an exception in an iteration, such as an answer that cannot be read, a failed check. k6 by
// itself logs it and passes.
export const sure = (iteration) => (data) => {
  try {
    iteration(data);
  } catch (exception) {
    check(exception, { 'every answer can be read': () => false });
    throw exception;
  }
};
