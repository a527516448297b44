/* The graphs that users have, from the folder that GLUEC_SHARED names: exports put together with their weights. */
#ifndef EXPORTS_H
#define EXPORTS_H

/* Unpacks the exports whose names contain one of the words ("" or several, separated by blanks; all of them when there
 * is none) and the golden data into a temporary folder that is removed when the program ends. Returns its path, or NULL
 * having said why there are none. FOLDER/onnx/NAME.onnx are the models, FOLDER/golden/NAME/test_data_set_* the data. */
const char *exports_unpack(const char *words);

/* Runs a shell command of printf's form; returns what system does. */
int exports_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
