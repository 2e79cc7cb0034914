# cmake -P: puts together in MODULES what package-lock.json in SOURCES names. No script of a package is run.
file(COPY ${SOURCES}/package.json ${SOURCES}/package-lock.json ${SOURCES}/.npmrc DESTINATION ${MODULES})
execute_process(COMMAND ${NPM} ci --prefer-offline --no-progress --loglevel=error WORKING_DIRECTORY ${MODULES}
                RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The console's packages could not be fetched from the npm registry:\n${said}\n"
                      "Without a network, build without the console: cmake -DBATON_CONSOLE=OFF")
endif()
file(TOUCH ${MODULES}/complete)
