// Evaluates expressions of workflows with GitHub's own library: a line of JSON comes for each, and one goes.
import {createInterface} from "node:readline";
import {Evaluator, Lexer, Parser, data} from "@actions/expressions";

// What GitHub has beside the library's own functions: how the steps or jobs before ended.
const STATUS = {
  success: status => status === "success",
  failure: status => status === "failure",
  cancelled: status => status === "cancelled",
  always: () => true,
};

function evaluate({expression, contexts, status}) {
  const functions = Object.entries(STATUS).map(([name, holds]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds(status)),
  }));
  const known = JSON.parse(JSON.stringify(contexts), data.reviver);
  const tokens = new Lexer(expression).lex().tokens;
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  const found = new Evaluator(parsed, known, new Map(functions.map(one => [one.name, one]))).evaluate();
  const value = JSON.parse(JSON.stringify(found, data.replacer));
  return {value, text: found.coerceString(), holds: truthy(found)};
}

function truthy(found) {
  switch (found.kind) {
    case data.Kind.Null:
      return false;
    case data.Kind.Boolean:
      return found.value;
    case data.Kind.Number:
      return found.value !== 0 && !Number.isNaN(found.value);
    case data.Kind.String:
      return found.value !== "";
    default:
      return true;
  }
}

for await (const line of createInterface({input: process.stdin})) {
  let answer;
  try {
    answer = evaluate(JSON.parse(line));
  } catch (error) {
    answer = {error: error.message};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
