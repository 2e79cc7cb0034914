// The server wants a graph to serve; none of its threads ever runs.
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

export const graph = new StateGraph(Annotation.Root({ value: Annotation }))
  .addNode("idle", () => ({}))
  .addEdge(START, "idle")
  .addEdge("idle", END)
  .compile();
